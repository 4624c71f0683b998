"""One pipeline that uses all patterns at once, on real parts.

    python -m pipeline_kit.example        # runs it

Orders come from files, prices from three servers over HTTP, and what they come to goes into a
database. While that runs, one server gets slow, one fails, and one is killed. See `shop`.
"""
