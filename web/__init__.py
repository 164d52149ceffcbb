"""Everything that speaks HTTP or Socket.IO: parse, one call, answer. No decision about a dictation is made here."""
