// Enter during a Hangul composition must not send the message: gradio's text box ignores isComposing.
// Safari has already ended the composition by then, but still reports key code 229.
window.addEventListener(
  "keydown",
  (event) => {
    if (event.key === "Enter" && (event.isComposing || event.keyCode === 229)) {
      event.stopImmediatePropagation();
    }
  },
  true,
);
