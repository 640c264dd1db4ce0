import { existsSync } from "node:fs"

/** A Chromium to look at pages with, where there is one. */
export const browserPath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) =>
  existsSync(path)
)

/** CI has one. */
export const isBrowserRequired = process.env["FINEGRAIN_REQUIRE_BROWSER"] === "1"
if (browserPath === undefined && !isBrowserRequired) {
  process.stderr.write(
    "The suites of pages in a browser are skipped: there is no Chromium (apt-get install chromium).\n"
  )
}
