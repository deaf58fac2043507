variable "database_password" {
  type      = string
  sensitive = true
  # Not written to the state or the plan.  Needs Terraform 1.10 or OpenTofu 1.11, and a write-only argument to pass it to.
  ephemeral = true
}

variable "api_token" {
  type      = string
  sensitive = true
}

# In place of your resources.
resource "terraform_data" "deployment" {
  input = { token = var.api_token }
}
