"""What private data looks like in Korean chats. The modules find it; none changes a text."""
