#include "imaging/mapping.h"

namespace safelight {

Mapping mapping_of(Orientation orientation) {
    switch (orientation) {
        case Orientation::upright:
            return {};
        case Orientation::mirrored:
            return {.mirrors_x = true};
        case Orientation::turned_180:
            return {.mirrors_x = true, .mirrors_y = true};
        case Orientation::mirrored_180:
            return {.mirrors_y = true};
        case Orientation::mirrored_270:
            return {.swaps = true};
        case Orientation::turned_90:
            return {.swaps = true, .mirrors_y = true};
        case Orientation::mirrored_90:
            return {.swaps = true, .mirrors_x = true, .mirrors_y = true};
        case Orientation::turned_270:
            return {.swaps = true, .mirrors_x = true};
    }
    return {};
}

}  // namespace safelight
