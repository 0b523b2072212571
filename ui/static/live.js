// Runs inside gradio's HTML component, which provides `element`, `props` and `watch`; PART comes
// from ui/live_training.py. Shows what the pulse brings, if it is about the run that is shown.
const take = ({ detail }) => {
  if (!element.isConnected) {
    removeEventListener("kakaobot-training", take);
    return;
  }
  const run = element.querySelector("[data-run]");
  if (PART in detail && (!run || run.dataset.run === detail.run)) props.value = detail[PART];
};
addEventListener("kakaobot-training", take);
// An event may have brought something older than the last pulse.
watch("value", () => dispatchEvent(new Event("kakaobot-training-shown")));
