"""Values of Terraform variables: attributes of HCL."""
