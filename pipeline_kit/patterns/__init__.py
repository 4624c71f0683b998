"""The patterns of the tutorial: a module for each, and for the ideas that they are made of.

    section             import from                             made of
    4  fan-out          fan_out
    5  errors           error_handling, retry, retry_budget,    exception_types
                        fallback
    6  timeout          timeout, item_deadline                  time_limit, alarm
    7  rate limit       rate_limiting, adaptive_rate, limits    places
    8  metrics          metrics, prometheus                     snapshots, histogram
    9  backpressure     backpressure, watermarks, codel,        weights
                        slow_stage
    10 circuit breaker  circuit_breaker                         circuit, circuit_state, call_rates,
                                                                sliding_window
    11 load balancing   load_balancing, strategies, health,     strategy, peak_ewma, dispatch,
                        scaling                                 scaling_rule
    12 caching          caching, sqlite_store                   cache_loading, cache_store,
                                                                cache_statistics, single_flight,
                                                                expiry, lru
    13 performance      buffering, performance,             pooled_objects, pool_statistics
                        object_pool
    14 common patterns  producer_consumer, map_reduce,          spilling
                        filter_transform, batching
    16 pitfalls         leak_detection

Most are layers, which go around the call of a stage's function; see `pipeline_kit.layer`. Importing
this package imports none of them.
"""
