//! A ruling made by hand.
