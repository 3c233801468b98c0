"""Learning to predict: temporal-difference rules for one number and for whole distributions."""
