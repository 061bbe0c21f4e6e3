"""A small corpus of a domain, and tokenizers and models that do not know its words."""

import json
import random

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers
from transformers import PreTrainedTokenizerFast

from trainer.demo.tiny import make_model, make_tokenizer

DRUGS = ("阿莫西林", "头孢克肟", "布洛芬", "奥美拉唑")
FORMS = ("胶囊", "缓释片", "颗粒")
SENTENCES = (
    "{drug}{form}一日三次，饭后口服。", "对{drug}过敏者禁用{drug}{form}！", "服用{drug}{form}期间不得饮酒。",
    "{drug}常见的不良反应有恶心、皮疹。", "Take {drug}{form} 500 mg twice daily.",
)  # fmt: skip
GENERAL = ("今天天气很好，我们去公园散步吧。", "他在学校学习。", "The weather is fine today.", "去公园散步")


def domain_texts(count=120):
    draw = random.Random(1)
    return [
        "".join(
            draw.choice(SENTENCES).format(drug=draw.choice(DRUGS), form=draw.choice(FORMS))
            for _ in range(draw.randint(2, 5))
        )
        for _ in range(count)
    ]


def write_corpus(path, texts=None, encoding="utf-8"):
    rows = [json.dumps({"text": text}, ensure_ascii=False) for text in texts or domain_texts()]
    path.write_bytes("".join(f"{row}\n" for row in rows).encode(encoding))
    return path


def general_model(folder, **sizes):
    make_model(folder, GENERAL * 20, seed=0, vocabulary=400, **({"width": 32, "layers": 1} | sizes))
    return folder


def bytes_raw(*, ignores_merges=False, merges_as_text=False):
    """A tokenizer.json of bytes whose added tokens stand above its own, as Qwen's do."""
    made = make_tokenizer(GENERAL * 20, 400).backend_tokenizer
    made.add_special_tokens([AddedToken("<|late|>", special=True), AddedToken("<|药|>", special=True)])
    raw = json.loads(made.to_str())
    raw["model"]["ignore_merges"] = ignores_merges
    if merges_as_text:
        raw["model"]["merges"] = [" ".join(pair) for pair in raw["model"]["merges"]]
    return raw


def pieces_raw():
    """A tokenizer.json as Llama 2 has it: a sign for blanks, bytes for characters without a token."""
    known = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", *"abdeilmoTacty。今天"]
    vocabulary = {token: number for number, token in enumerate(dict.fromkeys([*known, "da", "▁da", "今天"]))}
    made = Tokenizer(
        models.BPE(
            vocab=vocabulary, merges=[("d", "a"), ("▁", "da"), ("今", "天")], byte_fallback=True, unk_token="<unk>",
            fuse_unk=True,
        )
    )  # fmt: skip
    made.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    parts = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    made.decoder = decoders.Sequence(parts)
    made.add_special_tokens(["<s>", "</s>"])
    return json.loads(made.to_str())


def as_transformers(raw):
    return PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(json.dumps(raw)), eos_token="<|end|>")
