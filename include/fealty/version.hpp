#pragma once

// Kept equal to the version in CMakeLists.txt by tests/layering.
#define FEALTY_VERSION "0.1.0"
