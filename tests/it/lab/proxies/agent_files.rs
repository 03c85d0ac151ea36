//! agent_files
