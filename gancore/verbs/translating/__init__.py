"""What `translate` and `upscale` share: pictures and videos through a translator, whatever their size."""
