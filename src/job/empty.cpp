// Sources of this layer follow.
