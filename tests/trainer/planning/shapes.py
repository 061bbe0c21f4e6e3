"""Sizes of published models, as their config.json has them, and small ones."""

LLAMA_2_7B = {
    "model_type": "llama", "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32,
    "num_attention_heads": 32, "vocab_size": 32000, "max_position_embeddings": 4096, "torch_dtype": "bfloat16",
}  # fmt: skip

QWEN_7B = {**LLAMA_2_7B, "model_type": "qwen2", "vocab_size": 151936, "max_position_embeddings": 8192}
"""Qwen-7B of 2023 in the names of Qwen2, whose sizes and biases it has."""

SMALL_LLAMA = {
    "model_type": "llama", "hidden_size": 64, "intermediate_size": 176, "num_hidden_layers": 3,
    "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 600, "max_position_embeddings": 128,
}  # fmt: skip

SMALL_GPT2 = {"model_type": "gpt2", "n_embd": 64, "n_layer": 2, "n_head": 4, "vocab_size": 500, "n_positions": 128}
