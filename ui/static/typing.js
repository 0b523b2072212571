// Enter that ends a Hangul composition must not send the message: gradio's text box does not look at
// isComposing. Safari reports the composition as over already, but still with key code 229.
window.addEventListener(
  "keydown",
  (event) => {
    if (event.key === "Enter" && (event.isComposing || event.keyCode === 229)) {
      event.stopImmediatePropagation();
    }
  },
  true,
);
document.documentElement.lang = "ko";
