// A ring without a room yet.
