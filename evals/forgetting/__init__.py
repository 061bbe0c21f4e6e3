"""What a model lost against its base: paired statistics, the light, early warnings, small subsets. Numbers only."""
