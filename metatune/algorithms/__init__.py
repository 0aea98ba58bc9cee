"""The families of learners, one file each."""
