// Requests to the server, and downloads for the user.

async function answered(path, type, body) {
  const once = () => fetch(path, { method: "POST", headers: { "Content-Type": type }, body });
  // an idle connection may close at the moment it is used again
  const answer = await once().catch(once).catch(() => { throw new Error("gancore explore does not answer; is it still running?"); });
  if (!answer.ok) throw new Error((await answer.json()).error);
  return answer;
}

export const ask = (path, body) => answered(path, "application/json", JSON.stringify(body));

// Sends a picture, with what is asked about it in the address.
export const send = (path, file, body) => answered(`${path}?${encodeURIComponent(JSON.stringify(body))}`, "application/octet-stream", file);

export const urlOf = async answer => URL.createObjectURL(await answer.blob());

export const picture = async (path, body) => urlOf(await ask(path, body));

// Runs one call at a time: while one is in progress, only the newest of the later ones is kept.
export function newest(work, failed) {
  let busy = false, next = null;
  return async (...given) => {
    next = given;
    if (busy) return;
    busy = true;
    while (next) {
      const now = next;
      next = null;
      try { await work(...now); } catch (error) { failed(error); }
    }
    busy = false;
  };
}

export function later(work, milliseconds) {
  let timer;
  return (...given) => { clearTimeout(timer); timer = setTimeout(() => work(...given), milliseconds); };
}

export function save(url, name) {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
}
