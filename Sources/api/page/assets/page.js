// What the page gains by script: times in the reader's zone, fragments that follow what happens, keys.
// Everything works without it.
"use strict";
const root = document.body.dataset.root;
document.documentElement.classList.add("scripted");

function localize(scope) {
  for (const time of scope.querySelectorAll("time[datetime]")) {
    const date = new Date(time.dateTime);
    if (isNaN(date)) continue;
    const age = (Date.now() - date) / 1000;
    time.textContent = time.dataset.age !== undefined && age >= 0 && age < 3600
      ? (age < 60 ? `${Math.floor(age)} s ago` : `${Math.floor(age / 60)} min ago`)
      : date.toLocaleString(undefined, {
          year: age > 2e7 ? "numeric" : undefined, month: "short", day: "numeric",
          hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
        });
  }
}
localize(document);

// Live: the server sends the fragment again whenever it is another. A hidden tab asks for nothing, and
// nothing is swapped below the hands of whoever fills in a form or has ticked something.
const live = document.querySelector("[data-live]");
if (live) {
  let source;
  const isBusy = () => live.querySelector("input:checked[name=id], details[open]")
    || (live.contains(document.activeElement) && document.activeElement.matches("input, textarea, select"));
  const open = () => {
    source = new EventSource(live.dataset.live);
    source.addEventListener("fragment", (event) => {
      if (isBusy()) return;
      live.innerHTML = JSON.parse(event.data);
      localize(live);
    });
    source.addEventListener("over", () => source.close());
  };
  const follow = () => {
    if (document.hidden) { source?.close(); source = undefined; } else if (!source) open();
  };
  document.addEventListener("visibilitychange", follow);
  follow();
}

// The output of a program while it runs.
const output = document.querySelector("[data-output]");
if (output) {
  const source = new EventSource(output.dataset.output);
  const write = (event, name) => {
    const data = JSON.parse(event.data);
    const pre = document.getElementById(name);
    pre.parentElement.hidden = false;
    pre.textContent += data.text ?? atob(data.base64);
    pre.scrollTop = pre.scrollHeight;
  };
  source.addEventListener("stdout", (event) => write(event, "live-stdout"));
  source.addEventListener("stderr", (event) => write(event, "live-stderr"));
  source.addEventListener("restarted", () => {
    for (const name of ["live-stdout", "live-stderr"]) document.getElementById(name).textContent = "";
  });
  source.addEventListener("end", () => { source.close(); location.reload(); });
}

// A tick at the head of a list is for all of its page.
document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-all]")) return;
  for (const box of document.querySelectorAll("input[name=id]")) box.checked = event.target.checked;
});

// Keys: / looks for something, r reads the page again, g and a letter go somewhere, ? tells them.
let prefix = "";
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select")) return;
  const dialog = document.getElementById("keys");
  const places = { o: "", e: "ui/executions", b: "ui/batches", d: "ui/dead-letters", w: "ui/workers", q: "ui/queues", t: "ui/try" };
  if (prefix === "g" && event.key in places) location.href = root + places[event.key] || ".";
  else if (event.key === "/") { event.preventDefault(); document.querySelector(".find input")?.focus(); }
  else if (event.key === "r") location.reload();
  else if (event.key === "?") dialog.open ? dialog.close() : dialog.showModal();
  prefix = event.key === "g" ? "g" : "";
});
// An id that is pasted anywhere leads to what it is the id of.
document.addEventListener("paste", (event) => {
  if (event.target.matches("input, textarea")) return;
  const text = event.clipboardData.getData("text").trim();
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) {
    location.href = `${root}ui/find?q=${encodeURIComponent(text)}`;
  }
});
