#include "commands.hpp"

#if __has_include("run_command.hpp")
#include "run_command.hpp"
#endif
#if __has_include("replay_command.hpp")
#include "replay_command.hpp"
#endif
#if __has_include("check_command.hpp")
#include "check_command.hpp"
#endif
#if __has_include("topology_command.hpp")
#include "topology_command.hpp"
#endif
#if __has_include("member_command.hpp")
#include "member_command.hpp"
#endif
#if __has_include("explain_command.hpp")
#include "explain_command.hpp"
#endif
#if __has_include("generate_command.hpp")
#include "generate_command.hpp"
#endif

namespace fealty::cli {

void add_commands(CLI::App& app, int& exit_code) {
#if __has_include("run_command.hpp")
  add_run_command(app, exit_code);
#endif
#if __has_include("replay_command.hpp")
  add_replay_command(app, exit_code);
#endif
#if __has_include("check_command.hpp")
  add_check_command(app, exit_code);
#endif
#if __has_include("topology_command.hpp")
  add_topology_command(app, exit_code);
#endif
#if __has_include("member_command.hpp")
  add_member_command(app, exit_code);
#endif
#if __has_include("explain_command.hpp")
  add_explain_command(app, exit_code);
#endif
#if __has_include("generate_command.hpp")
  add_generate_command(app, exit_code);
#endif
  app.footer(
      "Data goes to stdout, everything else to stderr.\n"
      "Exit codes: 0 ok, 1 failure, 2 usage or configuration, 3 broker unreachable, 4 state "
      "damaged,\n"
      "5 fenced, 6 verification found a difference.");
  static_cast<void>(exit_code);
}

}  // namespace fealty::cli
