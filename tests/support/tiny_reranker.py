"""Makes a Qwen2 of two small layers that scores a question with a passage, weights random, in a folder.

Run by the Python that has vLLM: `python tiny_reranker.py FOLDER`. Its scores mean nothing, which is enough to test
who asks it and what becomes of the answer. Does nothing where this very script has made the folder before.
"""

import hashlib
import sys
from pathlib import Path

from tiny_model import make_tokenizer  # beside this script, which is run by its path


def make_model(folder: Path, vocabulary: int) -> None:
    import torch
    from transformers import Qwen2Config, Qwen2ForSequenceClassification

    torch.manual_seed(11)
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
        num_labels=1,
    )
    model = Qwen2ForSequenceClassification(config)
    torch.nn.init.normal_(model.score.weight, std=0.5)
    model.to(torch.bfloat16).save_pretrained(folder)


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
