"""GGUF files: one file with quantised weights, tokenizer and settings becomes a folder like all others."""

from pathlib import Path

from converters.causes import first_line
from converters.messages import Progress
from converters.spec import ConversionError


def unpack(folder: Path, progress: Progress) -> None:
    """Replace a `.gguf` file by `config.json`, weights in fp32 and the tokenizer's files.

    The dequantised weights are the original from then on. Folders with other weights, or without such a file,
    are left as they are.

    Raises:
        ConversionError: there are several files, or this one cannot be read.

    """
    files = sorted(folder.glob("*.gguf"))
    if not files or any(folder.glob("*.safetensors")):
        return
    if len(files) > 1:
        raise ConversionError(
            f"the source holds {len(files)} .gguf files", hint="Give a folder with the one to convert."
        )
    progress(85, f"unpacking {files[0].name}")
    try:
        _unpack(files[0])
    except Exception as error:
        raise ConversionError(
            f"{files[0].name} cannot be read: {first_line(str(error))}",
            hint="Only GGUF files of architectures that transformers knows are converted.",
        ) from error
    files[0].unlink()


def _unpack(file: Path) -> None:
    import torch  # noqa: PLC0415  # takes seconds, and other sources need none of it
    from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: PLC0415

    folder = file.parent
    model = AutoModelForCausalLM.from_pretrained(
        folder, gguf_file=file.name, local_files_only=True, dtype=torch.float32
    )
    # The model counts as quantised, which would keep it from being saved, though its weights no longer are.
    model.hf_quantizer = None
    model.is_quantized = False
    del model.config.quantization_config
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(folder, gguf_file=file.name, local_files_only=True).save_pretrained(folder)
