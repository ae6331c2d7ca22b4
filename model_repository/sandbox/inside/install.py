"""`install.py [ARGUMENT]...`: pip, which the sandbox has as a package and not as a program."""

import runpy
import sys

PACKAGES = "/packages"

if __name__ == "__main__":
    sys.path.append(PACKAGES)
    runpy.run_module("pip", run_name="__main__", alter_sys=True)
