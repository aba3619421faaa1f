#include "commands.hpp"

#include "check_command.hpp"
#include "explain_command.hpp"
#include "generate_command.hpp"
#include "member_command.hpp"
#include "program_command.hpp"
#include "record_command.hpp"
#include "replay_command.hpp"
#include "run_command.hpp"
#include "state_command.hpp"
#include "topology_command.hpp"

namespace fealty::cli {

void add_commands(CLI::App& app, int& exit_code) {
  add_run_command(app, exit_code);
  add_replay_command(app, exit_code);
  add_record_command(app, exit_code);
  add_check_command(app, exit_code);
  add_program_command(app, exit_code);
  add_topology_command(app, exit_code);
  add_member_command(app, exit_code);
  add_explain_command(app, exit_code);
  add_state_command(app, exit_code);
  add_generate_command(app, exit_code);
  app.footer(
      "Data goes to stdout, everything else to stderr.\n"
      "Exit codes: 0 ok, 1 failure, 2 usage or configuration, 3 broker unreachable, 4 state "
      "damaged,\n"
      "5 fenced, 6 verification found a difference. A command whose output cannot be written "
      "fails;\n"
      "a reader that has seen enough, as head, is no failure.");
}

}  // namespace fealty::cli
