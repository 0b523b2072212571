"""Read KakaoTalk exports into messages: the only package that knows their formats."""
