// A photograph of today's phones has 4 to 12 MB; a hazard is seen as well in a tenth of it. Large pictures are made smaller before
// they travel; everything else, and what the browser cannot read, travels as it is.
const LARGE_BYTES = 1.5 * 1024 * 1024;
const LONGEST_SIDE = 2560;
const QUALITY = 0.86;

export async function smaller(file) {
  if (!["image/jpeg", "image/png", "image/webp"].includes(file.type) || file.size <= LARGE_BYTES) return file;
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
    if (!blob || blob.size >= file.size) return file;
    return new File([blob], `${file.name.replace(/\.[^.]*$/, "")}.jpg`, { type: "image/jpeg" });
  } catch {
    return file;
  }
}
