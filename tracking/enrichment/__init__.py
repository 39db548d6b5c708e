"""What an event says beyond its name: device, channel, language, place, money. Pure modules, one subject each."""
