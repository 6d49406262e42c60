"""The labelled replies, the training of the model and the measures of both."""
