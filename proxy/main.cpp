#include "cli/cli.hpp"

int main(int argc, char** argv) {
  return weir::control::run_cli(argc, argv);
}
