"""What differs between the families of models, one file each; the stages are the same for all graphs."""
