/* libyaml of the operating system (Debian: libyaml-dev). Only MeshYAML may import this. */
#include <yaml.h>
