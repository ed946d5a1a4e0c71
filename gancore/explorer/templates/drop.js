// A picture from the person: dropped on the page, pasted, or chosen as a file.

const READ = ["image/png", "image/jpeg", "image/webp", "image/bmp"];

// `taken(file)` gets it; `refused(words)` says why not.
export function takePictures(zone, input, largest, taken, refused) {
  const take = file => {
    if (!file) return;
    if (!READ.includes(file.type)) return refused(`${file.name} is no picture that is read here; give a PNG, JPEG, WEBP or BMP file`);
    if (file.size > largest) return refused(`${file.name} has ${Math.ceil(file.size / 2 ** 20)} MiB; at most ${largest / 2 ** 20} MiB are read`);
    taken(file);
  };
  input.addEventListener("change", () => { take(input.files[0]); input.value = ""; });
  addEventListener("paste", event => take(event.clipboardData.files[0]));
  for (const kind of ["dragover", "dragleave", "drop"]) addEventListener(kind, event => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    zone.classList.toggle("over", kind === "dragover");
    if (kind === "drop") take(event.dataTransfer.files[0]);
  });
}
