"""SG-GAN in JAX: adapt rendered street scenes to real ones without changing what they mean."""
