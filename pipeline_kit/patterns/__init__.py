"""The patterns of the tutorial, one module each: layers, and shapes of the flow."""
