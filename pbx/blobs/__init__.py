"""Recordings, voicemail, prompts: whole files by name, streamed in and out."""
