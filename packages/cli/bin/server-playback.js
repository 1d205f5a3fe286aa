#!/usr/bin/env node
// Beside the built files, so that it is there and can be run before they are.
import "../dist/main.js";
