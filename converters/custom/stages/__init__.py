"""The stages of a model of its author's own code: it is not converted, but tried where it will run."""
