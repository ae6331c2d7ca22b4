"""MLServer: `mlserver_server.py MODEL PORT sentence-transformers` (or `transformers`, its own runtime)."""

import json
import os
import sys
import tempfile
from pathlib import Path

model, port, library = sys.argv[1:]
runtimes = {
    "sentence-transformers": ("mlserver_runtime.Embedding", {"uri": model}),
    "transformers": (
        "mlserver_huggingface.HuggingFaceRuntime",
        {"extra": {"task": "feature-extraction", "pretrained_model": model, "device": -1}},
    ),
}
implementation, parameters = runtimes[library]
folder = Path(tempfile.mkdtemp(prefix="mlserver-")) / "m"
folder.mkdir()
settings = {
    "name": "m",
    "implementation": implementation,
    "max_batch_size": 32,
    "max_batch_time": 0.005,
    "parameters": parameters,
}
(folder / "model-settings.json").write_text(json.dumps(settings))
server = {
    "http_port": int(port),
    "host": "127.0.0.1",
    "parallel_workers": 0,
    "grpc_port": 0,
    "metrics_port": 0,
}
(folder / "settings.json").write_text(json.dumps(server))
os.environ["PYTHONPATH"] = str(Path(__file__).parent)
os.execv(str(Path(sys.executable).with_name("mlserver")), ["mlserver", "start", str(folder)])
