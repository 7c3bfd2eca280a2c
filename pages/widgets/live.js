// The camera as a stream. One frame is on its way at a time: the next goes when the answer to the last is back.
// Nothing is stored. It stops after a minute, when the page is hidden, and when it is left.
const SIDE = 320;
const MOST_MS = 60e3;
const LOST_MS = 5e3;
const BURST = 10;
const BURST_MS = 300;

const words = {
  NotAllowedError: "This browser does not allow the camera.",
  NotFoundError: "There is no camera.",
  NotReadableError: "Another program uses the camera.",
};

const make = (root) => {
  const [video, said, button] = ["video", ".said", "button"].map((one) => root.querySelector(one));
  const canvas = document.createElement("canvas");
  let stream, send, burst, label, begun, sent, waiting, number = 0, taken = 0, times = [];

  const stop = (why = "") => {
    stream?.getTracks().forEach((track) => track.stop());
    stream = video.srcObject = null;
    root.classList.remove("on");
    root.querySelector(".boxes").replaceChildren();
    if (why) said.textContent = why;
    button.textContent = label;
  };

  const frame = () => {
    if (!stream || waiting) return;
    if (!root.isConnected) return stop();
    if (performance.now() - begun > MOST_MS) return stop("Stopped after a minute.");
    if (burst && taken >= BURST) return stop(`${BURST} pictures taken.`);
    if (!video.videoWidth) return void setTimeout(frame, 50);
    const scale = SIDE / Math.max(video.videoWidth, video.videoHeight);
    [canvas.width, canvas.height] = [video.videoWidth * scale, video.videoHeight * scale].map(Math.round);
    canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
    [sent, waiting, taken] = [performance.now(), ++number, taken + 1];
    send("frame", { number, jpeg: canvas.toDataURL("image/jpeg", 0.8).split(",")[1] });
    // An answer is lost when another click ends its run.
    const mine = number;
    setTimeout(() => waiting === mine && ((waiting = 0), frame()), LOST_MS);
  };

  const start = async () => {
    if (stream) return stop();
    if (!navigator.mediaDevices) return (said.textContent = "The camera needs an address of localhost or https.");
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch (error) {
      return (said.textContent = words[error.name] ?? "The camera cannot be opened.");
    }
    video.srcObject = stream;
    await video.play();
    [begun, waiting, taken, times] = [performance.now(), 0, 0, []];
    root.classList.add("on");
    button.textContent = "Stop";
    frame();
  };
  button.onclick = start;
  const hidden = () => document.hidden && stream && stop("Stopped, because the page was hidden.");
  document.addEventListener("visibilitychange", hidden);

  const show = ({ boxes, lines }) => {
    root.querySelector(".boxes").replaceChildren(
      ...boxes.map(({ label: name, sides }) => {
        const box = document.createElement("div");
        const [left, top, right, bottom] = sides.map((side) => 100 * side);
        box.style.cssText = `left:${left}%;top:${top}%;width:${right - left}%;height:${bottom - top}%`;
        box.append(Object.assign(document.createElement("span"), { textContent: name }));
        return box;
      }),
    );
    root.querySelector(".lines").replaceChildren(
      ...lines.map((line) => Object.assign(document.createElement("li"), { textContent: line })),
    );
  };

  return {
    answered: (data, trigger) => {
      [send, burst, label] = [trigger, data.burst, data.button];
      if (!stream) button.textContent = label;
      if (!stream || !waiting || data.number !== waiting) return;
      waiting = 0;
      show(data);
      times = [...times.filter((time) => time > performance.now() - 3000), performance.now()];
      const rate = (times.length - 1) / Math.max(0.001, (times.at(-1) - times[0]) / 1000);
      said.textContent = burst ? "" : `${times.length > 1 ? rate.toFixed(1) : "…"} frames a second`;
      setTimeout(frame, burst ? Math.max(0, BURST_MS - (performance.now() - sent)) : 0);
    },
    // An update of the data may end and begin the component: it has left when it stays away.
    left: () => setTimeout(() => root.isConnected || (stop(), document.removeEventListener("visibilitychange", hidden)), 500),
  };
};

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".live");
  root.live ??= make(root);
  root.live.answered(data, setTriggerValue);
  return root.live.left;
}
