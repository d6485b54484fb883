/** What a page of charts does first: ask for their data. The server works on it while the other parts of the page begin. */

import { collectBoards } from "./boards.js";

collectBoards();
