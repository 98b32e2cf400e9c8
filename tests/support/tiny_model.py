"""Makes a Qwen2 of two small layers with random weights, and its tokenizer, in a folder.

Run by the Python that has vLLM: `python tiny_model.py FOLDER`. It writes nonsense, which is enough to
test streaming, limits and cancelling. Does nothing where this very
script has made the folder before.
"""

import hashlib
import json
import sys
from pathlib import Path

CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
MARKERS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
CORPUS = (
    "你好，我的订单为什么还没发货？七天无理由退货，运费由谁承担？",
    "Where is my order? You can return it within seven days; we pay the shipping.",
    "请提供订单号，我帮您查询。发票可以在订单详情页申请。",
    "The invoice is on the order page. A person will help you soon.",
)


def make_tokenizer(folder: Path) -> int:
    """A byte-level BPE trained on the spot; returns its vocabulary size."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=list(MARKERS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS * 20, trainer)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>",
        "chat_template": CHAT_TEMPLATE,
        "model_max_length": 2048,
        "clean_up_tokenization_spaces": False,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return int(tokenizer.get_vocab_size())


def make_model(folder: Path, vocabulary: int) -> None:
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    torch.manual_seed(7)
    config = Qwen2Config(
        vocab_size=vocabulary,
        hidden_size=256,
        intermediate_size=256,
        num_hidden_layers=2,
        num_attention_heads=4,  # of 64 each: vLLM's attention on the CPU knows none of 16
        num_key_value_heads=2,
        max_position_embeddings=2048,
        eos_token_id=2,
        pad_token_id=0,
        tie_word_embeddings=True,
    )
    Qwen2ForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)


def main(folder: Path) -> None:
    recipe = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    stamp = folder / "recipe.txt"
    if stamp.exists() and stamp.read_text() == recipe:
        return
    folder.mkdir(parents=True, exist_ok=True)
    make_model(folder, make_tokenizer(folder))
    stamp.write_text(recipe)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
