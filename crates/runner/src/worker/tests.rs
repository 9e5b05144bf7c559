//! The worker against two modelled systems.
