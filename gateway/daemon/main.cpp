// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/daemon/commands.h"

int main(int argc, char** argv) {
    return gatehouse::daemon::run_command_line(argc, argv);
}
