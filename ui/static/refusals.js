// Refuses uploads that the server would refuse (ui/upload_limits.py) before a byte is sent.
// `limits` come from ui/theme.py.
((limits) => {
  const send = window.fetch.bind(window);
  window.fetch = (input, init) => {
    const body = init && init.body;
    if (!(body instanceof FormData)) return send(input, init);
    const files = [...body.values()].filter((value) => value instanceof File);
    const bytes = files.reduce((sum, file) => sum + file.size, 0);
    let refusal = "";
    if (files.length > limits.files) refusal = limits.too_many;
    else if (bytes > limits.total_bytes) refusal = limits.too_large;
    if (refusal) return Promise.resolve(new Response(refusal, { status: 413 }));
    return send(input, init);
  };
})
