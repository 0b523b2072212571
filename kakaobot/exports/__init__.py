"""Export files in, messages out: the only package that knows what KakaoTalk writes."""
