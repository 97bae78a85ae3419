// A renderer process and nothing else.
#include <cstdlib>

#include "renderer/program/renderer_program.h"

int main() {
    using namespace safelight;
    // No destructors of libraries: they would want what they gave up.
    std::_Exit(run_renderer_program(Descriptor(renderer_socket)));
}
