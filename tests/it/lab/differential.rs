//! What other programs see of the lab's names.
