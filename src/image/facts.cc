#include "image/facts.h"

namespace safelight {

std::string_view name_of(ColourSpace space) {
    switch (space) {
        case ColourSpace::grey:
            return "grey";
        case ColourSpace::rgb:
            return "rgb";
        case ColourSpace::cmyk:
            return "cmyk";
    }
    return "rgb";
}

}  // namespace safelight
