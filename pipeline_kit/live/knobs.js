// knobs
