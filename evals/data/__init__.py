"""Training data: what is wrong with it (`check`), and how it is put right (`build`)."""
