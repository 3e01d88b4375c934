//! Samples: codecs, tones, concealment. Knows no packet, socket or clock.
